"""The side of a foreign model that runs in a process of its own; sent there whole, as a folder.

It needs Python 3.9, numpy and torch 2.0, and nothing else of emobench.
"""
