#define PARAMETER "exponent"
#define PARAMETER_DEFAULT 2
#define PARAMETER_SCHEMA "\"description\":\"Exponent of the norm.\",\"enum\":[1,2],\"default\":2"
#define SUMMARY "Keeps the channels whose filters have the largest norm."
#define CITATION NULL
#define GRANULARITY SECATEUR_CHANNEL
#define FLAGS (SECATEUR_METHOD_CHANNEL | SECATEUR_METHOD_DETERMINISTIC)
