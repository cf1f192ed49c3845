/* Each file named on standard input, as llama.cpp loads pictures: by stb_image, as three channels of 8 bits.
   Writes "width height\n" and the pixels, or "0 0\n" where it cannot read the file. */
#include <stdio.h>
#include <string.h>
#define STB_IMAGE_IMPLEMENTATION
#include "stb_image.h"

int main(void) {
    char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        int width = 0, height = 0, channels;
        path[strcspn(path, "\n")] = 0;
        unsigned char *pixels = stbi_load(path, &width, &height, &channels, 3);
        printf("%d %d\n", pixels ? width : 0, pixels ? height : 0);
        if (pixels) fwrite(pixels, 3, (size_t)width * height, stdout);
        stbi_image_free(pixels);
    }
    return 0;
}
