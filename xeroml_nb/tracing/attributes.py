"""Names of the span attributes this package reads and writes."""

TYPE = "xeroml.observation.type"
INPUT = "xeroml.observation.input"
OUTPUT = "xeroml.observation.output"
OBSERVATION_METADATA = "xeroml.observation.metadata"
# When the first token of an answer came: ISO 8601.
COMPLETION_START = "xeroml.observation.completion_start_time"

USER_ID = "xeroml.user.id"
SESSION_ID = "xeroml.session.id"
TAGS = "xeroml.tags"
METADATA = "xeroml.metadata"
VERSION = "xeroml.version"
RELEASE = "xeroml.release"
ENVIRONMENT = "xeroml.environment"

# On spans of evaluators that score an item run inside its trace.
SCORING = "xeroml.scoring"

MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
# Any other number in an observation's usage goes under this prefix.
USAGE_PREFIX = "gen_ai.usage."
COST = f"{USAGE_PREFIX}cost"
# What of usage is added up: the fields of `usage.Usage`, in their order.
USED = (INPUT_TOKENS, OUTPUT_TOKENS, COST)
