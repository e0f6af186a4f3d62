"""Names of the span attributes this package reads and writes."""

TYPE = "xeroml.observation.type"
INPUT = "xeroml.observation.input"
OUTPUT = "xeroml.observation.output"
OBSERVATION_METADATA = "xeroml.observation.metadata"

USER_ID = "xeroml.user.id"
SESSION_ID = "xeroml.session.id"
TAGS = "xeroml.tags"
METADATA = "xeroml.metadata"
VERSION = "xeroml.version"
RELEASE = "xeroml.release"
ENVIRONMENT = "xeroml.environment"

MODEL = "gen_ai.request.model"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
# Any other number in an observation's usage goes under this prefix.
USAGE_PREFIX = "gen_ai.usage."
COST = f"{USAGE_PREFIX}cost"
