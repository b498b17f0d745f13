"""The search for features and widths, the choice under a budget, and its proof."""
