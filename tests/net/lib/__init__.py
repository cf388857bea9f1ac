# SPDX-License-Identifier: GPL-3.0-or-later
# __init__.py - the network test harness: namespaces, gateways, peers, captures
