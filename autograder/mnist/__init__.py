"""MNIST: what students train on, and what a model is judged on."""
