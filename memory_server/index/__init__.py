"""The index of a tree: kept equal to its files, published as a view that questions are answered from."""
