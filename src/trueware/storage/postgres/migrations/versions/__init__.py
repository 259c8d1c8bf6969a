"""How the tables came to be, one file for each version. A version that was released is never edited."""
