"""Output formats, one writer class each; the class says why its format is as it is."""

from app.offline.formats.audacity import AudacityWriter
from app.offline.formats.comma_separated import CsvWriter
from app.offline.formats.jams import JamsWriter
from app.offline.formats.json_lines import JsonLinesWriter
from app.offline.formats.json_object import JsonWriter
from app.offline.formats.raven import RavenWriter
from app.offline.formats.table import TableWriter
from app.offline.formats.writer import Run, Writer

WRITERS: dict[str, type[Writer]] = {
    "table": TableWriter,
    "csv": CsvWriter,
    "json": JsonWriter,
    "jsonl": JsonLinesWriter,
    "audacity": AudacityWriter,
    "raven": RavenWriter,
    "jams": JamsWriter,
}

__all__ = ["WRITERS", "Run", "Writer"]
