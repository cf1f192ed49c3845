"""What answers: llama.cpp on a GGUF model, or a script; and the interface that both fill."""
