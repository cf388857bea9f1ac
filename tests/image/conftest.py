# SPDX-License-Identifier: GPL-3.0-or-later
# conftest.py - the fixtures of the network tests, for the image as well
import importlib.util
import os
import sys

NET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net")
sys.path.insert(0, NET)
_spec = importlib.util.spec_from_file_location("net_conftest", os.path.join(NET, "conftest.py"))
_net = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_net)
globals().update({k: v for k, v in vars(_net).items() if not k.startswith("__")})
