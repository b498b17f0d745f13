"""The model that is served: export, verification, batch scoring, ONNX."""
