"""Pictures by other hands: drawn with programs that training does not use, without a grid, from a script of their own.

Nothing here is shared with `training/scenes`: neither shapes nor colours nor grounds. Colours are those of web pages
and of plotting libraries, and each program draws shapes and grounds in its own way.
"""
