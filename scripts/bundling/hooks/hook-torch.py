"""In the place of PyInstaller's own hook, which takes all of torch: here what `import torch` may load.

Its sources go along, because torch.jit and torch.fx read them.
"""

from PyInstaller.utils.hooks import PY_DYLIB_PATTERNS, collect_data_files, collect_dynamic_libs

datas = collect_data_files("torch", includes=["bin/torch_shm_manager"])  # looked for when torch is imported
binaries = collect_dynamic_libs("torch", search_patterns=[*PY_DYLIB_PATTERNS, "*.so.*"])
bindepend_symlink_suppression = ["**/torch/lib/*.so*"]  # torch looks for its libraries beside one another
module_collection_mode = "pyz+py"
