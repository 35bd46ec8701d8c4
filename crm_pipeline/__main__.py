"""`python -m crm_pipeline` is `crm-pipeline`."""

from crm_pipeline.cli.app import main

if __name__ == "__main__":
    main()
