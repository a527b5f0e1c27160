import Glibc
import Load

exit(Program.run(Array(CommandLine.arguments.dropFirst())))
