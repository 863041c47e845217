# The stack. Settings go through CDK's context; all of them stand in infra/settings.py:
#   make deploy CONTEXT="-c photosort:region=us-east-1 -c photosort:retention_days=7"

CONTEXT ?=
CDK := $(BIN)/python -m infra.cdk

.PHONY: synth bootstrap deploy destroy lambda-requirements

synth: $(VENV)/.infra ## Write the stack's template into cdk.out; needs no account
	$(CDK) synth --quiet $(CONTEXT)

bootstrap: $(VENV)/.infra ## Prepare your AWS account and region for CDK, once
	$(CDK) bootstrap $(CONTEXT)

deploy: $(VENV)/.infra ## Deploy the stack into your AWS account
	$(CDK) deploy $(CONTEXT)

destroy: $(VENV)/.infra ## Delete the stack with all its photos; YES=1 does not ask
	$(BIN)/python -m infra.destroy $(if $(YES),--yes) $(CONTEXT)

lambda-requirements: $(VENV)/.infra ## Pin the Lambdas' dependencies anew
	$(BIN)/python -m infra.requirements

$(VENV)/.infra: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --editable '.[infra]'
	@touch $@
