/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - script FILE.pkt...: play packet conversations, count what passed */
#include <stdio.h>

#include "player.h"

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	for (int i = 1; i < argc; i++) {
		if (player_run(argv[i]))
			passed++;
		else
			failed++;
	}
	printf("script: %u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
