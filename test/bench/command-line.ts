/** Prints the help, or runs; an error ends with exit code 1. */
export function runOrHelp(isHelp: boolean, help: string, main: () => Promise<void>): void {
  if (isHelp) {
    process.stdout.write(help);
    return;
  }
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  });
}
