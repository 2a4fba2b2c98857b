"""The nodes of hist gradient boosting are records in the byte order of their writer. The mend of
hist-boosting-node-layout casts them to the record of the reader, byte order included."""
