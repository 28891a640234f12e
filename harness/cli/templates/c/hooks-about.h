#define PARAMETER "every"
#define PARAMETER_DEFAULT 10
#define PARAMETER_SCHEMA "\"description\":\"Steps from one cut to the next.\",\"type\":\"integer\",\"minimum\":1,\"default\":10"
#define SUMMARY "Removes the smallest weights little by little while it trains."
#define CITATION "arXiv:1710.01878"
#define GRANULARITY SECATEUR_WEIGHT
#define FLAGS (SECATEUR_METHOD_WEIGHT | SECATEUR_METHOD_TRAINS | SECATEUR_METHOD_DETERMINISTIC)
