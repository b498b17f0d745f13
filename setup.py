"""Packaging of Winnow; also the file that Beam's `--setup_file` builds for its workers."""

from setuptools import find_packages, setup

GCP = ["apache-beam[gcp]>=2.77,<2.78"]
ONNX = ["tf2onnx>=1.17,<2", "onnxruntime>=1.31,<2"]
TEST = ["jsonschema>=4.20,<5", "pytest>=9,<10", "pytest-xdist>=3.8,<4", "scikit-learn>=1.6,<2"]
DEV = [*TEST, "mypy>=2.4,<3", "ruff>=0.17,<0.18", "types-PyYAML>=6.0,<7"]

setup(
    name="winnow",
    version="0.1.0",
    description="Feature selection for large recommenders: from raw logs to a pruned, proved ranking model",
    license="Apache-2.0",
    # Not all folders: tests/, configs/ and benchmarks/ are not for site-packages.
    packages=find_packages(include=["features", "features.*", "models", "models.*", "pipeline", "pipeline.*"]),
    package_data={"": ["py.typed", "*.json", "*.html"]},
    python_requires=">=3.11,<3.14",
    classifiers=[
        "License :: OSI Approved :: Apache Software License",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
    ],
    # Ranges, so that Winnow installs beside other packages; constraints.txt holds the exact versions it is tested with.
    install_requires=[
        "apache-beam>=2.77,<2.78",
        "google-crc32c>=1.5,<2",
        "markupsafe>=3,<4",
        "matplotlib>=3.10,<4",
        "numpy>=2,<3",
        "packaging>=24,<27",
        "protobuf>=6.31,<7",
        "pyarrow>=25,<26",
        "pydantic>=2,<3",
        "pyyaml>=6,<7",
        "jinja2>=3.1,<4",
        "rich>=14,<16",
        "scipy>=1.15,<2",
        "tensorflow>=2.21,<2.22",
        "tensorflow-metadata>=1.21,<1.22",
        "tensorflow-recommenders>=0.7.7,<0.8",
        "tensorflow-serving-api>=2.19,<2.20",
        "tensorflow-transform>=1.21,<1.22",
        "tf_keras>=2.21,<2.22",
        "tfx-bsl>=1.21,<1.22",
        "typer>=0.20,<1",
    ],
    extras_require={"gcp": GCP, "onnx": ONNX, "test": TEST, "dev": DEV},
    entry_points={
        "console_scripts": ["winnow=pipeline.cli.app:main", "winnow-flex-template=pipeline.cli.flex_template:main"],
    },
)
