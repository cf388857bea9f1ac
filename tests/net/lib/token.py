# SPDX-License-Identifier: GPL-3.0-or-later
# token.py - PKCS#11 tokens of SoftHSM
import os
import secrets
import subprocess

from .netns import sh

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
SPY = "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so"
LABEL = "attls test"


class Tokens:
    """Tokens of their own in @directory; @environment leads programs to them."""

    def __init__(self, directory):
        self.directory = str(directory)
        self.pin = secrets.token_hex(16)
        os.makedirs(os.path.join(self.directory, "tokens"), exist_ok=True)
        conf = os.path.join(self.directory, "softhsm2.conf")
        with open(conf, "w") as f:
            f.write(f"directories.tokendir = {self.directory}/tokens\n"
                    "objectstore.backend = file\nlog.level = ERROR\n")
        self.environment = {"SOFTHSM2_CONF": conf}
        self.pin_file = self.write_pin(self.pin)
        self.init()

    def write_pin(self, pin, name="pin", mode=0o600):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write(pin + "\n")
        os.chmod(path, mode)
        return path

    def run(self, *argv):
        sh(*argv, env={**os.environ, **self.environment})

    def init(self, label=LABEL):
        self.run("softhsm2-util", "--init-token", "--free", "--label", label,
                 "--so-pin", "12345678", "--pin", self.pin)

    def bring(self, cert, name="srv", number="01", label=LABEL):
        """Put a copy of the key of @cert into the token. Return: its URI."""
        self.run("softhsm2-util", "--import", cert.key, "--token", label, "--label", name,
                 "--id", number, "--pin", self.pin)
        return self.uri(name, label=label)

    def make(self, kind, name="srv", number="01", *options):
        """A new key pair that never was anywhere else. Return: its URI."""
        self.run("pkcs11-tool", "--module", MODULE, "--token-label", LABEL, "--login",
                 "--pin", self.pin, "--keypairgen", "--key-type", kind, "--label", name,
                 "--id", number, *options)
        return self.uri(name)

    def uri(self, name, label=LABEL, **more):
        parts = {"token": label, "object": name, **more}
        return "pkcs11:" + ";".join(f"{k}={v.replace(' ', '%20')}" for k, v in parts.items())

    def settings(self, module=MODULE):
        return {"pkcs11_module": module, "pkcs11_pin": f"file:{self.pin_file}"}

    def tool(self, module=MODULE):
        """The same for attls-keyring."""
        return ["--pkcs11-module", module, "--pin", f"file:{self.pin_file}"]


SHIM = r"""
#include <p11-kit/pkcs11.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static CK_FUNCTION_LIST list, *real;
static int count;

static CK_RV sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *m)
{
	const char *delay = getenv("SHIM_DELAY"), *lose = getenv("SHIM_LOSE");

	if (delay)
		sleep(atoi(delay));
	if (lose && ++count == atoi(lose)) {
		CK_SESSION_INFO info;

		real->C_GetSessionInfo(s, &info);
		real->C_CloseAllSessions(info.slotID);
	}
	return real->C_Sign(s, in, n, out, m);
}

static void reach(const char *place)
{
	const char *end = getenv("SHIM_END"), *hang = getenv("SHIM_HANG");

	if (end && strcmp(end, place) == 0)
		abort();
	while (hang && strcmp(hang, place) == 0)
		pause();
}

static CK_RV initialize(void *args)
{
	reach("C_Initialize");
	return real->C_Initialize(args);
}

static CK_RV login(CK_SESSION_HANDLE s, CK_USER_TYPE who, CK_BYTE *pin, CK_ULONG n)
{
	reach("C_Login");
	return real->C_Login(s, who, pin, n);
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	const char *flags = getenv("SHIM_FLAGS");
	CK_RV rv = real->C_GetTokenInfo(slot, info);

	if (flags)
		info->flags |= strtoul(flags, NULL, 16);
	return rv;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	CK_C_GetFunctionList get =
		(CK_C_GetFunctionList)dlsym(dlopen("MODULE", RTLD_NOW), "C_GetFunctionList");
	CK_RV rv = get(&real);

	memcpy(&list, real, sizeof(list));
	list.C_Initialize = initialize;
	list.C_Login = login;
	list.C_Sign = sign;
	list.C_GetTokenInfo = get_token_info;
	*out = &list;
	return rv;
}
"""


def shim(directory):
    """
    SoftHSM behind a module that is slow (SHIM_DELAY), loses sessions (SHIM_LOSE), says more of
    its tokens (SHIM_FLAGS), or ends its process or hangs in a function (SHIM_END, SHIM_HANG).
    """
    path = os.path.join(str(directory), "shim.so")
    flags = subprocess.run(["pkg-config", "--cflags", "p11-kit-1"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()
    subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", path, *flags], check=True,
                   input=SHIM.replace("MODULE", MODULE), text=True)
    return path
