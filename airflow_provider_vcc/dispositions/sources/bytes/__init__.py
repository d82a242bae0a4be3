"""The bytes of an input: blocks of a file, decompressed, in UTF-8."""
