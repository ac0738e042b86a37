/* tests/fuzz/sdk_tool.h: before the image tool's sources: what it says and its end are sdk_tool.c's, and so is the
 * memory of the XML parser. */
#ifndef FUZZ_SDK_TOOL_H
#define FUZZ_SDK_TOOL_H

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>

extern FILE *fuzz_said;
extern const XML_Memory_Handling_Suite fuzz_xml_memory;
_Noreturn void fuzz_exit(int status);

#undef stderr
#define stderr fuzz_said
#define exit fuzz_exit
#define XML_ParserCreate(encoding) XML_ParserCreate_MM(encoding, &fuzz_xml_memory, NULL)

#endif
