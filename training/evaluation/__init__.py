"""How often the demo model is right, asked through llama.cpp on scenes and in wordings that training never sees."""
