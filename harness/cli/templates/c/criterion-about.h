#define PARAMETER "scope"
#define PARAMETER_DEFAULT SECATEUR_SCOPE_GLOBAL
#define PARAMETER_SCHEMA "\"description\":\"How weights compete.\",\"enum\":[\"global\",\"uniform\",\"erk\"],\"default\":\"global\""
#define SUMMARY "Keeps the weights with the largest absolute values."
#define CITATION NULL
#define GRANULARITY SECATEUR_WEIGHT
#define FLAGS (SECATEUR_METHOD_WEIGHT | SECATEUR_METHOD_DETERMINISTIC)
