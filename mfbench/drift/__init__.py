"""How the rows that a model meets differ from those it was tested on: significantly, by how much, does it matter?"""
