"""Optical discs and images of them: ISO 9660 with its extensions, and UDF.

One disc may carry several trees of folders over the same files: plain ISO 9660, its Rock Ridge names, Joliet, UDF. Which one a
device shows is its own choice, so the trees are compared with each other. That is why both formats are in one package.

=========  =============================================================
module     what is in it
=========  =============================================================
space      which bytes are whose
trees      comparison of two trees
iso9660    ISO 9660, Rock Ridge, Joliet, El Torito, hybrid images
udf        UDF
=========  =============================================================
"""
