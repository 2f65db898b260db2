"""The five pages, replayed: each thing in them is an item, and each item is proved."""
