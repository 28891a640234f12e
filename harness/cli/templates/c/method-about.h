#define PARAMETER "rounds"
#define PARAMETER_DEFAULT 3
#define PARAMETER_SCHEMA "\"description\":\"Rounds from one target to the next.\",\"type\":\"integer\",\"minimum\":1,\"default\":3"
#define SUMMARY "Removes the smallest weights in rounds, and trains between them."
#define CITATION "arXiv:1506.02626"
#define GRANULARITY SECATEUR_WEIGHT
#define FLAGS (SECATEUR_METHOD_WEIGHT | SECATEUR_METHOD_TRAINS | SECATEUR_METHOD_DETERMINISTIC)
