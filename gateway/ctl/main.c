/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - attlsctl, the operator's program */
#include "gateway/ctl/ctl.h"

int main(int argc, char **argv)
{
	return (int)ctl_run(argc, argv);
}
