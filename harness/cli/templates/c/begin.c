/* @what@
   In C11, over libtorch's C shim: no header of libtorch is needed, and nothing of it is linked, because the symbols are those of the
   host's process. */

#include "secateur_plugin.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD_ID "@id@"
