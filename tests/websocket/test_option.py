"""The options of a stream as values; what they do is shown where a stream uses them."""

import math
from collections.abc import Callable

import pytest

from beastly.websocket import Role, request_type, response_type
from beastly.websocket.option import (
    Decorator,
    PermessageDeflate,
    PermessageDeflateStatus,
    Timeout,
)


# As a program calls it that checks no types.
_any_option: Callable[..., PermessageDeflate] = PermessageDeflate


def _edit_request(request: request_type) -> None:
    request.fields["Origin"] = "http://example.com"


def _edit_response(response: response_type) -> None:
    response.fields["Server"] = "tests"


def test_a_decorator_has_a_function_for_each_message() -> None:
    """Beast's case B1: for requests, for responses, for both, for none."""
    assert (Decorator().request, Decorator().response) == (None, None)
    assert Decorator(request=_edit_request).request is _edit_request
    assert Decorator(response=_edit_response).response is _edit_response
    both = Decorator(_edit_request, _edit_response)
    assert (both.request, both.response) == (_edit_request, _edit_response)


def test_a_function_may_return_anything() -> None:
    """A method that edits and returns something needs no wrapper."""
    edit = request_type().fields.setdefault
    decorator = Decorator(request=lambda request: edit("Origin", request.target))
    assert decorator.request is not None
    assert decorator.request(request_type("GET", "/chat")) == "/chat"


def test_the_default_timeout_ends_every_handshake() -> None:
    assert Timeout().handshake_timeout == 30.0


@pytest.mark.parametrize("seconds", [None, 0, 0.05, 3600, math.inf])
def test_timeouts(seconds: float | None) -> None:
    assert Timeout(seconds).handshake_timeout == seconds


@pytest.mark.parametrize("seconds", [-1, -0.001, -math.inf, math.nan])
def test_no_timeouts(seconds: float) -> None:
    with pytest.raises(ValueError, match=rf"not below zero, not {seconds}$"):
        Timeout(handshake_timeout=seconds)


def test_options_do_not_change() -> None:
    """A stream that was given one can rely on what was checked."""
    with pytest.raises(AttributeError, match="never changes"):
        Timeout().handshake_timeout = -1  # type: ignore[misc]
    with pytest.raises(AttributeError, match="never changes"):
        Decorator().request = _edit_request  # type: ignore[misc]
    assert Timeout(5) == Timeout(5.0)
    assert Decorator(request=_edit_request) == Decorator(_edit_request)


@pytest.mark.parametrize("seconds", [0, -1, math.nan])
def test_no_silence_is_no_idle_timeout(seconds: float) -> None:
    with pytest.raises(ValueError, match=rf"idle_timeout .* above zero, not {seconds}$"):
        Timeout(idle_timeout=seconds)


def test_what_is_suggested_is_what_beast_suggests() -> None:
    assert Timeout.suggested(Role.CLIENT) == Timeout(30.0, None, False)
    assert Timeout.suggested(Role.SERVER) == Timeout(30.0, 300.0, True)


def test_compression_is_off_at_first() -> None:
    """Beast's defaults, but for the windows and the levels, which were measured."""
    option = PermessageDeflate()
    assert option == PermessageDeflate(
        server_enable=False,
        client_enable=False,
        server_max_window_bits=None,
        client_max_window_bits=None,
        server_no_context_takeover=False,
        client_no_context_takeover=False,
        comp_level=6,
        mem_level=5,
        msg_size_threshold=0,
        backend="zlib",
    )
    assert PermessageDeflateStatus() == PermessageDeflateStatus(False, 0, 0)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("server_max_window_bits", 9, 15),
        ("client_max_window_bits", 9, 15),
        ("comp_level", 0, 9),
        ("mem_level", 1, 9),
        ("msg_size_threshold", 0, None),
    ],
)
def test_the_numbers_of_compression(name: str, least: int, most: int | None) -> None:
    """The ranges are Beast's."""
    for value in (least, least + 1, 1 << 40 if most is None else most):
        assert getattr(_any_option(**{name: value}), name) == value
    for value in (least - 1, -1 if most is None else most + 1):
        with pytest.raises(ValueError, match=f"^{name} is a number .*, not {value}$"):
            _any_option(**{name: value})


def test_the_backends_of_compression() -> None:
    assert PermessageDeflate(backend="zlib-ng").backend == "zlib-ng"
    assert PermessageDeflate(backend="isal").backend == "isal"
    with pytest.raises(ValueError, match="^backend is one of 'zlib', 'zlib-ng', 'isal', not 'lz'$"):
        _any_option(backend="lz")
