"""How the embedded demo model is made: a grammar of conversations, a tokenizer, a trainer and an evaluation."""
