"""Choosing the layer over what a stream is given."""

import ssl

import pytest

from beastly.core import Layer, layer_over
from beastly.core._tcp import SocketLayer
from beastly.core._tls import TlsLayer
from tests.support.memory_layer import connected_pair
from tests.support.pairs import TlsContexts, socket_pair, tls_pair


def test_a_socket_gets_its_layer() -> None:
    with socket_pair() as (near, _):
        assert isinstance(layer_over(near), SocketLayer)


def test_a_tls_socket_gets_its_layer(tls_contexts: TlsContexts) -> None:
    with tls_pair(tls_contexts) as (near, _):
        assert isinstance(near, ssl.SSLSocket)
        assert isinstance(layer_over(near), TlsLayer)


def test_a_layer_stays_as_it_is() -> None:
    near, _ = connected_pair()
    assert isinstance(near, Layer)
    assert layer_over(near) is near


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="must be a connected socket.socket .* not str"):
        layer_over("localhost")
