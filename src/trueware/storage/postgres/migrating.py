"""Makes the tables of a registry in PostgreSQL, and brings those of an older version up to date, by Alembic's migrations."""

from trueware.errors import StoreError
from trueware.storage.postgres import shape
from trueware.storage.postgres.session import Session, translated

_LOCK = 0x5452_5752  # "TRWR"; with the name of the schema


def migrate(session: Session, to: str = "head") -> None:
    """Bring the tables to a version, all in one transaction. One at a time: there may be no table yet to take turns at.

    Raises:
        StoreError: the schema holds something else, or a newer registry.
    """
    with session.whole(f"BEGIN; SELECT pg_advisory_xact_lock({_LOCK}, hashtext('{{s}}'))"):
        if not shape.is_empty(session):
            version = shape.version_of(session)
            if version == shape.HEAD:
                return
            if version not in shape.OLDER:
                raise StoreError(f"{session.where} has registry version {version}: a newer trueware made it")
            session.say("LOCK TABLE {s}.turn IN EXCLUSIVE MODE")
        else:
            session.say("CREATE SCHEMA IF NOT EXISTS {s}")
        session.say("SET LOCAL search_path = {s}, pg_temp")
        with translated(session.where):
            _upgrade(session, to)


def _upgrade(session: Session, to: str) -> None:
    from alembic import command  # noqa: PLC0415 (only who makes a registry needs it)
    from alembic.config import Config  # noqa: PLC0415 (as above)

    config = Config()
    config.set_main_option("script_location", "trueware.storage.postgres:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=session.connection, schema=session.schema)
    command.upgrade(config, to)
