#ifndef CCALLGRIND_H
#define CCALLGRIND_H

/* Valgrind's client requests, as far as counting instructions needs them: its special instruction sequences are part of its
   stable interface (valgrind.h), and do nothing in a process that does not run under it. */

/* 1 under Valgrind, 2 under a Valgrind under Valgrind; 0 without, and on processors whose sequence is not known here. */
unsigned long callgrind_depth(void);

/* Begins to count the instructions of all threads, in a process started with --instr-atstart=no. */
void callgrind_start(void);

/* Stops counting; what has been counted is written when the process ends. */
void callgrind_stop(void);

#endif
