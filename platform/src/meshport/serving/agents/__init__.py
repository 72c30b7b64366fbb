"""The agents' door: tools for language models, by the Model Context Protocol."""
