
/* Feeds files to a fuzz target that was built without a fuzzer. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static int
feed(const char *name)
{
    FILE     *file;
    long      size;
    uint8_t  *data;

    file = fopen(name, "rb");

    if (file == NULL || fseek(file, 0, SEEK_END) != 0
        || (size = ftell(file)) < 0)
    {
        perror(name);
        return 1;
    }

    rewind(file);

    data = malloc(size ? (size_t) size : 1);

    if (data == NULL || fread(data, 1, (size_t) size, file) != (size_t) size) {
        perror(name);
        return 1;
    }

    (void) LLVMFuzzerTestOneInput(data, (size_t) size);

    free(data);
    fclose(file);

    return 0;
}


int
main(int argc, char **argv)
{
    int  i, failed;

    for (i = 1, failed = 0; i < argc; i++) {
        failed |= feed(argv[i]);
    }

    return failed;
}
