# One image, two roles: Beam worker (its entrypoint) and launcher (`winnow-flex-template`), so that both have the
# same versions. Python and Beam must be those of setup.py and constraints.txt.
FROM python:3.11.14-slim-bookworm

COPY --from=apache/beam_python3.11_sdk:2.77.0 /opt/apache/beam /opt/apache/beam
COPY --from=gcr.io/dataflow-templates-base/python311-template-launcher-base:flex_templates_base_image_release_20240628_RC00 \
    /opt/google/dataflow/python_template_launcher /opt/google/dataflow/python_template_launcher

# Everything is installed here already: a worker that makes an environment of its own only starts later.
ENV RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /opt/winnow

# The libraries first, over empty packages: this layer, nearly all of the image, changes with the pins alone.
COPY setup.py pyproject.toml constraints.txt ./
RUN mkdir features models pipeline \
    && pip install --no-cache-dir --constraint constraints.txt '.[gcp]' \
    && rm -rf build ./*.egg-info

# Editable: the code lies in the image once.
COPY . .
RUN pip install --no-cache-dir --no-deps --editable . \
    && pip check \
    && python -c "import pipeline.cli.flex_template"

# A script outside the packages: run by its path, one inside would put pipeline/ on sys.path, over the standard library.
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/usr/local/bin/winnow-flex-template

ENTRYPOINT ["/opt/apache/beam/boot"]
