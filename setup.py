"""All package metadata of tb_nnhealth."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION: dict[str, str] = {}
exec((ROOT / "tb_nnhealth" / "version.py").read_text(encoding="utf-8"), VERSION)

TRAIN = ["tensorflow>=2.16", "keras>=3.7"]
DEMO = [*TRAIN, "scikit-learn>=1.4"]

setup(
    name="tb_nnhealth",
    version=VERSION["__version__"],
    description="Tells a Keras user why a neural network does not train: a callback, a TensorBoard tab, a scorecard.",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The tb_nnhealth authors",
    license="Apache-2.0",
    license_files=["LICENSE", "tb_nnhealth/plugin/static/vendor/*LICENSE*"],
    keywords="keras tensorflow tensorboard plugin debugging neural-network training gradients",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    python_requires=">=3.10",
    packages=find_packages(include=["tb_nnhealth", "tb_nnhealth.*"]),
    package_data={
        "tb_nnhealth": ["py.typed", "*.schema.json"],
        "tb_nnhealth.plugin": ["static/**"],
        "tb_nnhealth.report": ["*.css", "*.html"],
    },
    install_requires=[
        "google-crc32c>=1.5",
        "jinja2>=3.1,<4",
        "junitparser>=4.0",
        "markdown-it-py>=2.2",
        "markupsafe>=2.1,<4",
        "numpy>=1.26",
        "packaging>=21.0",
        "pillow>=10.0",
        "protobuf>=3.20",
        "rich>=13.0",
        "tensorboard>=2.16",
        "tomli>=2.0; python_version < '3.11'",
        "werkzeug>=1.0.1",
    ],
    extras_require={
        "train": TRAIN,
        "demo": DEMO,
        "test": [
            *DEMO,
            "build>=1.0",
            "hypothesis>=6.100",
            "jsonschema>=4.20",
            "mypy>=1.10",
            "playwright>=1.45",
            "pytest>=8.0",
            "pytest-xdist>=3.5",
            "ruff>=0.6",
            "sarif-pydantic>=0.6",
            "setuptools>=70.1",
        ],
    },
    entry_points={
        "console_scripts": ["nnhealth = tb_nnhealth.cli:main"],
        "tensorboard_plugins": ["nnhealth = tb_nnhealth.plugin.loader:NNHealthLoader"],
    },
)
