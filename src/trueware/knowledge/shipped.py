"""Reads the YAML that ships with trueware; a file that is not there is a defect of this package, or an id that does not exist."""

from importlib.resources import files


def read_yaml(folder: str, name: str) -> object:
    """Return the content of a file of this package.

    Args:
        folder: below ``knowledge``, slashes between: ``effects``.
        name: without its ending.

    Raises:
        KeyError: there is none of that name.
    """
    import yaml  # noqa: PLC0415 (only who needs knowledge pays for it)

    file = files("trueware.knowledge").joinpath(*folder.split("/"), f"{name}.yaml")
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise KeyError(name) from None
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (a safe loader)


def names_in(folder: str) -> tuple[str, ...]:
    """Return the names of all YAML files of a folder, in order, without their ending."""
    entries = files("trueware.knowledge").joinpath(*folder.split("/")).iterdir()
    return tuple(sorted(each.name.removesuffix(".yaml") for each in entries if each.name.endswith(".yaml")))
