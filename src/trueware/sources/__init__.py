"""Where artefacts come from: files, mapped into memory, and folders, read as trees. The only code that opens an artefact."""

from trueware.sources.files import MappedFile, open_file
from trueware.sources.folders import read_folder

__all__ = ["MappedFile", "open_file", "read_folder"]
