"""Pickles of others, read without doing what they say: `reader.read_pickle`.

reader        starts a process with limits, and makes containers and arrays of what it wrote
worker        that process; imports nothing but what follows and the standard library, so it has no numpy
allowed       the names that a pickle may use, and what stands in their place
writer        containers as a tree in JSON, arrays as bytes
wording       tags of the tree, and the one message of everything that is refused
"""
