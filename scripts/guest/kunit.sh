# Runs in the guest: the KUnit suites, and then the sample driver, unloaded ten times with destructors pending.
set -e

insmod krcu_kunit.ko
rmmod krcu_kunit

for _ in $(seq 4); do
	insmod krcu_sample.ko rounds=5
	rmmod krcu_sample
done
