"""What every route does alike: methods, parameters, strict JSON, and errors as one clear sentence."""

import json
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

from tensorboard import errors
from tensorboard.backend import http_util
from werkzeug import wrappers

from tb_nnhealth.summary.metadata import RUN_DIRECTORY

logger = logging.getLogger(__name__)

LONGEST_PARAMETER = 20_000
"""Characters of a name, some of which take nine in an address: the server takes 64 kB of it."""

Headers = list[tuple[str, str]]
Handler = Callable[[wrappers.Request], wrappers.Response]


def route(handler: Handler) -> Any:
    """Returns the WSGI application of a handler: GET and HEAD only, no exception leaves it unexplained."""

    @wrappers.Request.application
    def application(request: wrappers.Request) -> wrappers.Response:
        if request.method not in ("GET", "HEAD"):
            allow = [("Allow", "GET, HEAD")]
            return text(request, f"Only GET and HEAD are served here. Received: method={request.method}", 405, allow)
        try:
            return handler(request)
        except errors.PublicError as error:
            return text(request, str(error), error.http_code, error.headers)
        except Exception:
            logger.exception("nnhealth could not answer %s", request.path)
            return text(request, "The Health tab failed to answer: TensorBoard's own output names the cause.", 500)

    return application


def respond(
    request: wrappers.Request,
    content: bytes,
    content_type: str,
    code: int = 200,
    headers: Headers | None = None,
    encoding: str | None = None,
) -> wrappers.Response:
    """Answers as TensorBoard does: never cached, type not guessed, text gzipped where it has no encoding yet."""
    response: wrappers.Response = http_util.Respond(
        request, content, content_type, code=code, headers=headers, content_encoding=encoding
    )
    return response


def text(request: wrappers.Request, sentence: str, code: int, headers: Headers | None = None) -> wrappers.Response:
    return respond(request, _bytes(sentence), "text/plain", code, headers)


def strict_json(request: wrappers.Request, content: Any) -> wrappers.Response:
    """Answers JSON that every browser reads: a NaN in it is our error, never the string "NaN".

    A browser that has the same already is told so, and is not sent it again.
    """
    body = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    response = respond(request, _bytes(body), "application/json")
    response.add_etag()
    return response.make_conditional(request)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate in a name becomes JSON's escape


def binary(request: wrappers.Request, content: bytes) -> wrappers.Response:
    return respond(request, content, "application/octet-stream")


def attached(
    request: wrappers.Request, content: bytes, content_type: str, parts: Sequence[str], form: str
) -> wrappers.Response:
    """Answers with a file to be kept, named after its run and what is told of it, as far as every file system takes it.

    Args:
      request: the request.
      content: of the file.
      content_type: of the file.
      parts: TensorBoard's name of the run, and what the file has of it.
      form: how the file's name ends.
    """
    run, *others = [re.sub(r"[^A-Za-z0-9._-]+", "_", part).strip("._")[:80] for part in parts]
    name = ".".join([run.removesuffix(f"_{RUN_DIRECTORY}") or "run", *filter(None, others), form])
    return respond(request, content, content_type, headers=[("Content-Disposition", f'attachment; filename="{name}"')])


def parameter(request: wrappers.Request, name: str) -> str:
    """Returns a required parameter of the query.

    Raises:
      InvalidArgumentError: it is missing, or longer than LONGEST_PARAMETER.
    """
    value = request.args.get(name, "")
    if not value or len(value) > LONGEST_PARAMETER:
        received = f"{len(value)} characters" if value else "nothing"
        raise errors.InvalidArgumentError(
            f"expected the parameter {name} with 1 to {LONGEST_PARAMETER} characters. Received: {received}"
        )
    return value


def choice(request: wrappers.Request, name: str, among: tuple[str, ...]) -> str:
    """Returns an optional parameter of the query that is one of a few; the first of them where it is missing.

    Raises:
      NotFoundError: it is none of them.
    """
    value = request.args.get(name, among[0])
    if value not in among:
        raise errors.NotFoundError(f"there is no such {name}")
    return value


def integer(request: wrappers.Request, name: str, default: int, lowest: int, highest: int) -> int:
    """Returns an optional whole number of the query.

    Raises:
      InvalidArgumentError: it is no whole number from `lowest` to `highest`.
    """
    given = request.args.get(name)
    if given is None:
        return default
    try:
        value = int(given[:32])
    except ValueError:
        value = lowest - 1
    if not lowest <= value <= highest:
        raise errors.InvalidArgumentError(
            f"expected {name} as a whole number from {lowest} to {highest}. Received: {name}={given[:32]}"
        )
    return value
