"""Block sparsity of dense layers: layers, masks, phases, and the compact form that is exported."""
