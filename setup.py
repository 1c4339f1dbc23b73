"""What `setup.cfg`, where all else stands, cannot say: whether and how the accelerator is built.

It is optional: where no C compiler is found, the package is installed without it. With
`BEASTLY_PURE` set it is left out.
"""

import os
import sysconfig

from setuptools import Extension, setup

# The oldest Python that the package supports; the binary serves it and all later ones.
STABLE_ABI = (3, 11)

# A free-threaded build has no stable ABI: there the binary is for the version at hand.
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    stable, macros, wheel = False, [], {}
else:
    major, minor = STABLE_ABI
    stable = True
    macros = [("Py_LIMITED_API", f"0x{major:02X}{minor:02X}0000")]
    wheel = {"py_limited_api": f"cp{major}{minor}"}

accelerator = Extension(
    "beastly.websocket._accelerator",
    ["beastly/websocket/_accelerator.c"],
    define_macros=macros,
    # Many a Python is built with less, and hands its own flags on.
    extra_compile_args=["-O3"] if os.name == "posix" else [],
    py_limited_api=stable,
    optional=True,
)

if os.environ.get("BEASTLY_PURE"):
    setup()
else:
    setup(ext_modules=[accelerator], options={"bdist_wheel": wheel})
