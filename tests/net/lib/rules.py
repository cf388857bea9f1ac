# SPDX-License-Identifier: GPL-3.0-or-later
# rules.py - rule texts in the shape of rules.d/*.ini

CLIENT_RING, SERVER_RING = "clientring", "serverring"


def rule(name, action_name, **conditions):
    """A rule section; conditions are keys of the file format."""
    return section("rule", name, {**conditions, "action": action_name})


def section(kind, name, keys):
    return "\n".join([f"[{kind} {name}]"] + [f"{k} = {v}" for k, v in keys.items()] + [""]) + "\n"


def action(name, **keys):
    """An action section, and the level that its versions and ciphers make, if any."""
    level = {k: keys.pop(k) for k in ("versions", "ciphers") if k in keys}
    if not level:
        return section("action", name, keys)
    return (section("action", name, {**keys, "level": f"{name}-level"})
            + section("level", f"{name}-level", level))


def client(port, name="c", conditions=None, **keys):
    """Outbound connections to @port become TLS clients that expect server.test."""
    keys = {"tls": "on", "role": "client", "ring": f"root/{CLIENT_RING}",
            "reference_id": "server.test", **keys}
    return (rule(name, f"{name}-action", direction="outbound", remote_port=port,
                 **(conditions or {})) + action(f"{name}-action", **keys))


def server(port, name="s", conditions=None, **keys):
    """Inbound connections to @port are served with TLS."""
    keys = {"tls": "on", "role": "server", "ring": f"root/{SERVER_RING}", **keys}
    return (rule(name, f"{name}-action", direction="inbound", local_port=port,
                 **(conditions or {})) + action(f"{name}-action", **keys))
