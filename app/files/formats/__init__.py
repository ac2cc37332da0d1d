"""Output formats, one writer class each; the class says why its format is as it is."""

from app.files.formats.audacity import AudacityWriter
from app.files.formats.comma_separated import CsvWriter
from app.files.formats.jams import JamsWriter
from app.files.formats.json_lines import JsonLinesWriter
from app.files.formats.json_object import JsonWriter
from app.files.formats.raven import RavenWriter
from app.files.formats.table import TableWriter
from app.files.formats.writer import Run, Writer

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
