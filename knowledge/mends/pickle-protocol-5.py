"""Pickle protocol 5 needs Python 3.8. The engine reads its operations in any Python, and writes the
newest protocol that the reader knows; arrays whose buffers stood outside the stream are refused by
their operation. Nothing about a class has to be mended."""
