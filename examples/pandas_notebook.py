# %% [markdown]
# Clean a dataset on a branch, look at the difference, merge it.

# %%
import os

import lakefs
import pandas as pd
from lakefs.client import Client

url = os.environ["AWS_ENDPOINT_URL"]
client = Client(host=url, username=os.environ["AWS_ACCESS_KEY_ID"],
                password=os.environ["AWS_SECRET_ACCESS_KEY"])
storage = {"endpoint_url": url}
repo = lakefs.Repository("example-pandas", client=client).create(
    storage_namespace="local://example-pandas", exist_ok=True)
main = repo.branch("main")

# %% What came in: a reading is missing, and one is doubled.
raw = pd.DataFrame({"day": [1, 2, 2, 3, 4], "celsius": [11.5, 12.0, 12.0, None, 13.5]})
raw.to_parquet("s3://example-pandas/main/readings.parquet", storage_options=storage)
if list(main.uncommitted()):
    main.commit("raw readings")

# %% Clean it where nobody else sees it.
work = repo.branch("clean").create("main", exist_ok=True)
frame = pd.read_parquet("s3://example-pandas/clean/readings.parquet", storage_options=storage)
frame = frame.drop_duplicates().assign(celsius=lambda f: f.celsius.interpolate())
frame.to_parquet("s3://example-pandas/clean/readings.parquet", storage_options=storage)
work.commit("no doubles, no holes", metadata={"notebook": "pandas_notebook.py"})

# %% Both versions side by side.
before = pd.read_parquet("s3://example-pandas/main/readings.parquet", storage_options=storage)
print(before.describe().join(frame.describe(), lsuffix=" before", rsuffix=" after"))

# %% It is good: main gets it in one step.
work.merge_into(main)
work.delete()
after = pd.read_parquet("s3://example-pandas/main@/readings.parquet", storage_options=storage)
assert len(after) == 4 and after.celsius.notna().all()
print("main has", len(after), "clean readings")
