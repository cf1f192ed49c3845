"""The model and its training in PyTorch: network, tokenizer, packing, losses, optimizer, recipe."""
