-- No version that runs beside this one reads or writes `inbox`: see 0005.
drop table inbox;
