"""Feature files as the community passes them on, read by what is in them, never by their name.

layouts       which layouts there are, and which of them a value has
fields        what a part of such a file may be: texts, numbers or vectors by dialogue, names of dialogues
sources       a file, or a folder of tables, as utterances by dialogue with what is known of each
corpora       what is published about IEMOCAP, MELD and EmoryNLP: names, splits, sizes
agreement     whether sources speak of the same utterances
convert       several sources to one data set
aligned       files of the sentiment corpora, which list utterances instead of dialogues
"""
